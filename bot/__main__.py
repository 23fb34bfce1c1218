"""`python -m bot` is `mlcompare`."""

from bot.cli import main

if __name__ == "__main__":
    main(prog_name="mlcompare")
