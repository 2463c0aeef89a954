"""`python -m oxios`: the same as `oxios`."""

from oxios.main import main

if __name__ == "__main__":
    main()
