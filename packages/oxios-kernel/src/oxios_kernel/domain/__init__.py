"""Facts and rules: frozen values and pure functions. Nothing here does I/O, reads a clock or is asynchronous."""
