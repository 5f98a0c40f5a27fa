"""Imports the cache core of an installed package without the rest of the package.

Such a core is pure bookkeeping, but its files import modules that need a GPU and a hundred other packages. Here every
module that is not part of the core is replaced, and every module that is part of it is loaded from the installed
package's own file. A replaced name can be imported, named in an annotation and inherited from; *calling* it raises
StandInCalled. So a stand-in never takes over logic unseen: the few that may be called are given as behaviour, with a
sentence that says what they do.
"""

import base64
import hashlib
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import pathlib
import sys
import types


class StandInCalled(RuntimeError):
    """Code of the core called something that stands here in name only."""


class NotInstalled(RuntimeError):
    """The package, or something its core needs, is not there; the message says what to do."""


class _PlaceholderType(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{cls.__qualname__}.{name}")

    def __call__(cls, *args, **kwargs):
        # A class of the core that inherits from a placeholder is a class of the core.
        if cls.__dict__.get("_is_stand_in"):
            raise StandInCalled(f"{cls.__qualname__} is a stand-in and has no behaviour")
        return super().__call__(*args, **kwargs)

    def __bool__(cls):
        raise StandInCalled(f"{cls.__qualname__} is a stand-in and has no value")

    def __or__(cls, other):
        return cls

    __ror__ = __or__

    def __getitem__(cls, item):
        return cls


def _placeholder(name):
    return _PlaceholderType(name, (), {"_is_stand_in": True, "__module__": __name__})


class StandInModule(types.ModuleType):
    """A module of which every name exists. Those that are given do something, the others are placeholders."""

    def __init__(self, name, core, values):
        super().__init__(name)
        vars(self).update(values, _core=core)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self.__name__}.{name}"
        # `from package import module` asks the package for a name before it looks for a module.
        value = importlib.import_module(full) if self._core.has(full) else _placeholder(full)
        setattr(self, name, value)
        return value


class Core:
    """What of a package is its core, and what stands for the rest.

    modules, prefixes, without: the core is these modules and all that begin with a prefix, without some.
    replaced: packages of others that the core imports; whether they are installed makes no difference.
    behaviour: {module: ({name: value}, what is replaced by what)}, the stand-ins that do something when called.
    """

    def __init__(self, package, modules, prefixes=(), without=(), replaced=(), behaviour=None):
        self.package = package
        self.modules, self.prefixes, self.without = modules, prefixes, without
        self.replaced, self.behaviour = replaced, behaviour or {}
        self.stand_ins = {}  # every stand-in that was imported, by name
        self.root = None

    def has(self, name):
        if any(name == other or name.startswith(other + ".") for other in self.without):
            return False
        return name in self.modules or name.startswith(tuple(self.prefixes))

    def install(self, release, needs):
        """Makes the core importable; returns the distribution, which knows the version and the digests of its files.
        release: one that is known to work, for the message; needs: other packages that must be there."""
        try:
            distribution = importlib.metadata.distribution(self.package)
        except importlib.metadata.PackageNotFoundError:
            raise NotInstalled(
                f"{self.package} is not installed: pip install --no-deps {self.package}=={release}"
            ) from None
        for name in needs:
            if importlib.util.find_spec(name) is None:
                raise NotInstalled(f"{name} is not installed: pip install -r requirements.txt")
        spec = importlib.util.find_spec(self.package)  # looks for it, does not run it
        if spec is None or not spec.submodule_search_locations:
            raise NotInstalled(f"{self.package} has metadata but no files: install it again")
        self.root = pathlib.Path(spec.submodule_search_locations[0])
        sys.meta_path.insert(0, self)
        return distribution

    # ---- What Python asks of a finder and a loader ----

    def _file(self, name):
        path = self.root.joinpath(*name.split(".")[1:])
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def find_spec(self, name, path=None, target=None):
        if self.has(name):
            file = self._file(name)
            if not file.exists():
                return None
            inside = [str(file.parent)] if file.name == "__init__.py" else None
            return importlib.util.spec_from_file_location(name, file, submodule_search_locations=inside)
        package = name.partition(".")[0]
        if package == self.package or package in self.replaced:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = StandInModule(spec.name, self, self.behaviour.get(spec.name, ({}, ""))[0])
        self.stand_ins[spec.name] = module
        return module

    def exec_module(self, module):
        pass

    # ---- The check that the core is the installed one ----

    def loaded(self):
        return {name: module for name, module in sorted(sys.modules.items()) if self.has(name)}

    def check(self, distribution, used):
        """Returns what is wrong: files that differ from the package's, classes from elsewhere, stand-ins in the core.
        used: the classes and functions whose behaviour the answers are."""
        wrong = []
        recorded = {
            str(pathlib.Path(file.locate()).resolve()): file.hash
            for file in distribution.files or ()
            if file.hash is not None and file.name.endswith(".py")
        }
        modules = self.loaded()
        for name, module in modules.items():
            if isinstance(module, StandInModule):
                wrong.append(f"{name}: a stand-in has the place of a module of the core")
                continue
            path = pathlib.Path(module.__file__).resolve()
            digest = recorded.get(str(path))
            if digest is None or digest.mode != "sha256":
                wrong.append(f"{name}: {path} is not a recorded file of the installed package")
                continue
            actual = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
            if actual != digest.value:
                wrong.append(f"{name}: {path} is not as the package installed it")
        for thing in used:
            if thing.__module__ not in modules:
                wrong.append(f"{thing.__qualname__}: comes from {thing.__module__}, which is not of the core")
        return wrong

    def describe(self):
        """A line for each stand-in that was imported: its name and what it does."""
        nothing = "names only; calling one raises StandInCalled"
        known = self.behaviour
        return [f"{name}: {known[name][1] if name in known else nothing}" for name in sorted(self.stand_ins)]
