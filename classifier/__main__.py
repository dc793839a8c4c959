"""The command line as `python -m classifier`."""

from classifier.cli import main

main()
