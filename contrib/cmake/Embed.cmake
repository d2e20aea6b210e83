# Compiles files into a program: writes OUTPUT, a C file that defines the array VARIABLE of
# { name, text, length }, with an entry for each of FILES (paths under ROOT) and a final one of NULLs.
# Run as: cmake -DOUTPUT=… -DHEADER=… -DTYPE=… -DVARIABLE=… -DROOT=… -DFILES=a,b -P Embed.cmake
string(REPLACE "," ";" FILES "${FILES}")
set(body "#include \"${HEADER}\"\n\n")
set(entries "")
set(n 0)
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes "${bytes}")
  string(APPEND body "static const unsigned char text${n}[] = {${bytes}0};\n")
  string(APPEND entries "\t{\"${file}\", (const char *)text${n}, sizeof text${n} - 1},\n")
  math(EXPR n "${n} + 1")
endforeach()
string(APPEND body "\nconst struct ${TYPE} ${VARIABLE}[] = {\n${entries}\t{0, 0, 0},\n};\n")
file(WRITE "${OUTPUT}" "${body}")
