"""The ports on real things: one library or one part of the machine each, one module (with its parts) each.

An adapter knows no room and decides nothing. Nothing is re-exported here, since only `boot/adapters.py` imports an
adapter, and only the one it needs. The fakes of the same ports are in `testing`.
"""
