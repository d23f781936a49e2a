/* Compiles C, with flags for the compiler and the linker that name programs and files.

   Must: error
*/
package main

// #cgo CFLAGS: -include /etc/shadow -fplugin=/box/evil.so
// #cgo LDFLAGS: -Wl,-T,/etc/shadow
// #include "/etc/shadow"
import "C"

func main() { println("ESCAPED") }
