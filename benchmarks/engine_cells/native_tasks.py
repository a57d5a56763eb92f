"""Tasks that do next to nothing, and two that take one second."""

import time

from workflows import Task


class PassOn(Task, input_names=["value"], output_names=["value"]):
    """Hand the value on."""

    def run(self) -> None:
        """Copy the input to the output."""
        self.outputs.value = self.inputs.value


class Count(Task, input_names=["value", "until"], output_names=["value", "again"]):
    """Add one, and tell whether there is more to count."""

    def run(self) -> None:
        """Count one on."""
        self.outputs.value = self.inputs.value + 1
        self.outputs.again = self.outputs.value < self.inputs.until


def wait_1_s() -> None:
    """Wait for one second."""
    time.sleep(1)


def compute_1_s() -> None:
    """Use one second of CPU."""
    start = time.thread_time()
    while time.thread_time() - start < 1:
        pass
