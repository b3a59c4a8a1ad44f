"""Execute the notebooks of docs/notebooks in place: `python -m scripts.run_notebooks [NAME …]` (extra `docs`)."""

import json
import pathlib
import re
import tempfile

import nbclient
import nbformat
from absl import app

NOTEBOOKS = pathlib.Path(__file__).parents[1] / "docs" / "notebooks"
PLACE = re.compile(r"(/[^ ]*/ipykernel_\d+/\d+\.py:\d+: )|(\n  run = nnjax\.sweep\(.*)")  # where a warning arose


def main(argv: list[str]) -> None:
    """Run the notebooks that are named, or all, each in an empty folder."""
    for path in [NOTEBOOKS / f"{name}.ipynb" for name in argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
        for cell in notebook.cells:
            cell.metadata.clear()  # times, which would differ each time
            for output in cell.get("outputs", ()):
                if output.output_type == "stream":
                    output.text = PLACE.sub("", output.text)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(path.name)


if __name__ == "__main__":
    app.run(main)
