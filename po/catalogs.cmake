# Catalogs of what casevault says (docs/LANGUAGES.md), where the program finds them, built and installed alike. What does not
# fit its English (another conversion of printf, a plural form that is missing) does not build; and the program knows the digest
# of each, and reads no other.
set(CASEVAULT_LANGUAGES ru sq)
find_program(MSGFMT msgfmt REQUIRED)
set(catalogs "")
foreach(language ${CASEVAULT_LANGUAGES})
  set(place share/locale/${language}/LC_MESSAGES)
  set(catalog ${PROJECT_BINARY_DIR}/${place}/casevault.mo)
  add_custom_command(OUTPUT ${catalog}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/${place}
    COMMAND ${MSGFMT} --check --no-hash -o ${catalog} ${PROJECT_SOURCE_DIR}/po/${language}.po
    DEPENDS ${PROJECT_SOURCE_DIR}/po/${language}.po)
  list(APPEND catalogs ${catalog})
  install(FILES ${catalog} DESTINATION ${place})
endforeach()
set(CATALOGS_KNOWN ${CMAKE_CURRENT_BINARY_DIR}/catalogs.c)
add_custom_command(OUTPUT ${CATALOGS_KNOWN}
  COMMAND ${CMAKE_COMMAND} "-DLANGUAGES=${CASEVAULT_LANGUAGES}" -DDIR=${PROJECT_BINARY_DIR}/share/locale -DOUTPUT=${CATALOGS_KNOWN}
    -P ${PROJECT_SOURCE_DIR}/po/digests.cmake
  DEPENDS ${catalogs} ${PROJECT_SOURCE_DIR}/po/digests.cmake VERBATIM)
