import threading, time, os
print(threading.main_thread() is threading.current_thread(), threading.current_thread().name)
print(threading.get_native_id() == os.getpid(), threading.active_count(), len(threading.enumerate()))
def late():
    time.sleep(0.02)
    print("late", flush=True)
def broken():
    raise ValueError("in a thread")
threading.Thread(target=late).start()
threading.Thread(target=broken, name="broken").start()
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
