import sys, inspect, traceback, faulthandler
print(sys._getframe().f_back, len(inspect.stack()), sys._getframe().f_code.co_filename)
traceback.print_stack()
faulthandler.dump_traceback()
def depth(n):
    try:
        return depth(n + 1)
    except RecursionError:
        return n
print(depth(0))
