"""How hosts are asked: a program of ours runs there, over SSH or through Ansible, and its answer comes back."""
