"""One module a noun, one function a deed; the URL's name is `module.function`."""
