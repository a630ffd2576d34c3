"""Docker and CDI: what the engine is configured with, how it is changed, which containers have GPUs."""
