import os

found = [folder for folder in ("/root", "/tmp", "/dev/shm") if os.path.exists(f"{folder}/left-behind")]
print(f"broken: files of an earlier sandbox are in {' '.join(found)}" if found else "held")
