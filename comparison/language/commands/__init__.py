"""What can be asked for: from the draft of a request to the request, a file a kind of command."""
