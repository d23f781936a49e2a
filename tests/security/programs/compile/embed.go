/* Embeds files of the machine, and runs commands before it is compiled.

   Must: error
*/
package main

import _ "embed"

//go:generate sh -c "echo ESCAPED > /box/generated"

//go:embed ../../etc/passwd
var users string

//go:embed /etc/shadow
var secrets string

func main() { println("ESCAPED", users, secrets) }
