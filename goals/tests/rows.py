"""Rows written past every form and action, as no code of the portal would."""


def change(row, **fields):
    """Change it past every form and model method, counting the revision up where there is one."""
    if hasattr(row, "revision"):
        fields["revision"] = row.revision + 1
    type(row).objects.filter(pk=row.pk).update(**fields)


def again(row, **fields):
    """A second row like this one."""
    copy = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
    type(row)(**{**copy, **fields}).save(force_insert=True)
