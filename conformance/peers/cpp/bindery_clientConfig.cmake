include(CMakeFindDependencyMacro)
find_dependency(bindery_contract)
include(${CMAKE_CURRENT_LIST_DIR}/bindery_clientTargets.cmake)
