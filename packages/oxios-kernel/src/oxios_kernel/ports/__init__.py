"""What the kernel needs from outside: Protocols over facts. Adapters implement them, `testing` has a fake of each."""
