import multiprocessing, os, sys
def double(n):
    return 2 * n
class Kept:
    pass
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            print(method, pool.map(double, range(5)), flush=True)
        queue = context.Queue()
        process = context.Process(target=queue.put, args=(__name__,))
        process.start()
        print(queue.get(), process.join(), process.exitcode, flush=True)
