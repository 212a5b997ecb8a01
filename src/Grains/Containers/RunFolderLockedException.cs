namespace Podflare.Containers;

/// <summary>Another process holds the run folder: two workers cannot be one host.</summary>
public sealed class RunFolderLockedException(string path, Exception cause)
    : Exception($"The run folder {path} is in use by another process. Give this one a folder of its own (Podflare:RunFolder).", cause);
