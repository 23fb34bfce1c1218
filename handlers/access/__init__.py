"""Who may ask and change what: people of other companies, guests, members of a channel, forged senders."""
