// The switch of the changes that tests/mutants/changes.py compiles in; read before every file of the implementation.
#pragma once

extern int kvspec_change;  // the number of the active one, 0: none

#define KVSPEC_CHANGE(number) (kvspec_change == (number))
