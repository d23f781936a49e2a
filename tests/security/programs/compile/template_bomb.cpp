/* Templates that make 2 to the 800 more.

   Must: limit
*/
template <int N, int M> struct Bomb { Bomb<N - 1, M * 2> left; Bomb<N - 1, M * 2 + 1> right; };
template <int M> struct Bomb<0, M> {};
int main() { Bomb<800, 0> bomb; return sizeof(bomb); }
