"""Jobs: a pipeline run on a dataset, from the click to the published output.

The job's row is the truth; a Celery message only wakes a worker up. ``services`` and ``lease``
change rows, ``selectors`` read them, ``supervisor`` runs one attempt in a child process,
``sweeper`` repairs what a dead worker left.
"""
