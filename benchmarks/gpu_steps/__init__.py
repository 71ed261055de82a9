"""The steps of benchmarks/gpu.py, a module each, which runs in a process of its own."""
