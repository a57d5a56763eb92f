from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    dataset = apps.get_model("catalogue", "Dataset").objects.filter(pk=OuterRef("dataset"))
    jobs = apps.get_model("jobs", "Job").objects.filter(investigation=None)
    jobs.update(investigation=Subquery(dataset.values("investigation")[:1]))


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_batches_reruns_and_investigation")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
