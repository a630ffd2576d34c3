"""What Ansible and `provision` ship to hosts. It imports nothing else of ours: it is a leaf."""
