"""Score the exported encoder on the development split (captions it saw only if fitted with --everything)."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from data import data_folder, split_train

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mini_quality import measure


def main() -> None:
    """Print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="data folder (default: TUWEN_DATA or ../shared/data)")
    options = parser.parse_args()
    data = data_folder(options.data)
    held = {f"images/{picture.path.name}" for picture in split_train(data)[1]}
    print(json.dumps(measure(data, "train", held), indent=2))


if __name__ == "__main__":
    main()
