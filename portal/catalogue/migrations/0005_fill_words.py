from django.db import migrations

from portal.catalogue.search.structures import drop_structures
from portal.catalogue.search.words import formula_words, kept_words

BATCH = 1000


def fill(apps, schema_editor):
    def store(model, related, texts_of):
        rows = []
        objects = apps.get_model("catalogue", model).objects
        for row in objects.select_related(*related).iterator(chunk_size=BATCH):
            row.words = kept_words(texts_of(row))
            rows.append(row)
            if len(rows) == BATCH:
                objects.bulk_update(rows, ["words"])
                rows.clear()
        objects.bulk_update(rows, ["words"])

    store("Investigation", ["instrument"], lambda row: [row.name, row.title, row.instrument.name, row.summary])
    store("Sample", [], of_sample)
    store("Dataset", ["investigation__instrument", "sample", "technique"], of_dataset)
    store("Datafile", [], lambda row: [row.name])


def drop(apps, schema_editor):
    drop_structures(schema_editor.connection.alias)


def of_sample(row):
    return [row.name, row.formula, *formula_words(row.name, row.formula)]


def of_dataset(row):
    visit = row.investigation
    technique = [row.technique.acronym] if row.technique else []
    sample = of_sample(row.sample) if row.sample else []
    return [row.name, *sample, visit.name, visit.title, visit.instrument.name, *technique]


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0004_words_tallies_and_orders")]
    operations = [migrations.RunPython(fill, drop)]
