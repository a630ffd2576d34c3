"""From a bare operating system to "a CUDA container sees its GPUs", for whole fleets."""
