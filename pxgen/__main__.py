"""``python -m pxgen`` is ``pxgen``."""

from pxgen.cli import main

if __name__ == "__main__":
    main()
