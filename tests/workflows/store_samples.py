"""Tasks for the tests of the store."""

from pathlib import Path

from workflows import Task


class Add(Task, input_names=["a"], optional_input_names=["b"], output_names=["total"]):
    def run(self):
        self.outputs.total = self.inputs.a + self.get_input_value("b", 0)


class Save(Task, input_names=["text", "path"], output_names=["saved"]):
    def run(self):
        Path(self.inputs.path).write_text(self.inputs.text)
        self.outputs.saved = self.inputs.path


class Read(Task, input_names=["path"], output_names=["text"]):
    def run(self):
        self.outputs.text = Path(str(self.inputs.path)).read_text()


class Echo(Task, input_names=["value"], output_names=["value"]):
    def run(self):
        self.outputs.value = self.inputs.value


class Announce(Task, input_names=["text"]):
    def run(self):
        pass


def run_stored(store, task_class, inputs, **options):
    """Run a task as an engine does; return its outputs and whether they were found."""
    claim = store.claim(task_class, inputs, **options)
    found = claim and claim.find()
    if found is not None:
        return found, True
    task = task_class(inputs)
    task.execute()
    outputs = task.get_output_values()
    if claim:
        claim.save(outputs)
    return outputs, False
