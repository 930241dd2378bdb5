"""What every section of the configuration has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the configuration: immutable, and no key is read that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    def altered(self) -> set[str]:
        """The keys whose values are not the defaults.

        Jobs are given a section with all of its defaults filled in: whether a key was written is
        then not known any more, and no check may ask for it.
        """
        fields = type(self).model_fields.items()
        return {
            name
            for name, field in fields
            if getattr(self, name) != field.get_default(call_default_factory=True)
        }
