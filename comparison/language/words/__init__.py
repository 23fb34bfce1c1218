"""The words beside the intent, each read into the draft of the request: a file a kind of word."""
