"""Programs that ask a host: each is the entry of a bundle and prints one answer."""
