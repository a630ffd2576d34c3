"""The deploy that pyinfra runs; nothing here is imported by the benchmark itself."""
