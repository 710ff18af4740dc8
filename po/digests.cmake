# Makes a C source with the digests of the catalogs: cmake "-DLANGUAGES=ru;sq" -DDIR=... -DOUTPUT=... -P digests.cmake
set(rows "")
foreach(language ${LANGUAGES})
  file(SHA256 "${DIR}/${language}/LC_MESSAGES/casevault.mo" digest)
  string(APPEND rows "    { \"${language}\", \"${digest}\" },\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"cmd/locale.h\"\n\nconst struct cv_catalog cv_catalogs[] = {\n${rows}    { 0 },\n};\n")
