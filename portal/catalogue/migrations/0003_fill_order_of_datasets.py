from django.db import migrations
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    datasets = apps.get_model("catalogue", "Dataset").objects
    datasets.update(sorted_at=Coalesce("started_at", "registered_at"))


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0002_logbook_and_order_of_datasets")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
