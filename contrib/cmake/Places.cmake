# Runs when Postseal is installed: units, manual pages and other files that contain paths get those of this
# installation, whatever its prefix. In the sources they contain Debian's.
#
# Before: SOURCE, STAGE (a directory of the build), SBINDIR, LIBEXECDIR, SYSCONFDIR, DOCDIR (relative to
# the prefix, or absolute), FILES: a list of "file:destination".
function(place variable path)
  cmake_path(ABSOLUTE_PATH path BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" NORMALIZE)
  set(${variable} "${path}" PARENT_SCOPE)
endfunction()
foreach(name SBINDIR LIBEXECDIR SYSCONFDIR DOCDIR)
  place(${name} "${${name}}")
endforeach()

foreach(pair IN LISTS FILES)
  string(REGEX MATCH "^([^:]*):(.*)$" matched "${pair}")
  set(file "${CMAKE_MATCH_1}")
  place(destination "${CMAKE_MATCH_2}")
  cmake_path(GET destination FILENAME name)
  cmake_path(GET destination PARENT_PATH folder)
  file(READ "${SOURCE}/${file}" text)
  string(REPLACE "/usr/sbin/postseal" "${SBINDIR}/postseal" text "${text}")
  string(REPLACE "/usr/libexec/postseal" "${LIBEXECDIR}/postseal" text "${text}")
  string(REPLACE "/usr/share/doc/postseal" "${DOCDIR}" text "${text}")
  string(REPLACE "/etc/postseal" "${SYSCONFDIR}/postseal" text "${text}")
  file(WRITE "${STAGE}/${file}/${name}" "${text}")
  file(INSTALL DESTINATION "${folder}" TYPE FILE FILES "${STAGE}/${file}/${name}")
endforeach()
