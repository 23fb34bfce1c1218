import pytest


@pytest.fixture(scope="session")
def demo_folder(trained_demo):
    """A folder in which `make demo` was run: the store is where the documents say."""
    return trained_demo.folder
