from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('agentversions', '0007_knocks'),
    ]

    operations = [
        migrations.RenameField(model_name='knocks', old_name='since', new_name='until'),
    ]
