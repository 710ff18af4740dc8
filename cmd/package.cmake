# The Debian package: programs, manuals, completions, the user's unit. script/package makes it.
set(made ${PROJECT_BINARY_DIR}/manuals)
install(DIRECTORY ${made}/man DESTINATION share)
install(FILES ${made}/bash/casevault DESTINATION share/bash-completion/completions)
install(FILES ${made}/zsh/_casevault DESTINATION share/zsh/vendor-completions)
install(FILES ${made}/fish/casevault.fish DESTINATION share/fish/vendor_completions.d)
install(FILES ${PROJECT_SOURCE_DIR}/cmd/casevault-agent.service DESTINATION lib/systemd/user)
install(FILES ${made}/copyright ${made}/changelog.gz DESTINATION share/doc/casevault)
install(FILES README.md SECURITY.md DESTINATION share/doc/casevault)
install(DIRECTORY docs/ DESTINATION share/doc/casevault/docs FILES_MATCHING PATTERN "*.md")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME casevault)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "casevault maintainers <casevault@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "encrypted vault for case records of protection missions")
set(CPACK_PACKAGE_DESCRIPTION "Each victim and case record is sealed section by section to the roles
that need it, in an append-only archive. Every access is an entry of a
log that anyone can verify and only auditors can read, and a disclosure
carries chosen fields to a partner, provably as they were signed.")
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "curl, less")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
include(CPack)
