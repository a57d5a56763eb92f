from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_installed_tasks_and_workflows'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['pipeline', '-created_at', '-id'], name='jobs_job_pipelin_50018b_idx'),
        ),
    ]
