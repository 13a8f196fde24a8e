//! Contains no code; the dependencies of this package unify the features of the workspace.
