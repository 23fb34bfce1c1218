"""All wording: a comparison, a call for help or an error in words, as a Report. No markup, any surface."""
