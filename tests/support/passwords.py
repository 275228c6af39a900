"""Passwords that cost nothing: a cast of five takes no second to create."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """The product's own format with a single round, so that the production server accepts it too."""

    iterations = 1
