"""What the kernel needs from outside, as Protocols over facts. Adapters implement them, `testing` has a fake of each."""
