namespace Podflare.Harness;

/// <summary>
/// Makes a folder impossible to delete, even for root: a tree in it has paths that are longer than the kernel accepts. It was created under
/// a shorter path and then moved.
/// </summary>
internal sealed class UndeletableFolder : IDisposable
{
    private const int LongestPath = 4_090;
    private const int LongestName = 240;

    private readonly string _origin = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")[..4]);
    private readonly string _target;

    public UndeletableFolder(string folder)
    {
        _target = Path.Combine(folder, "t");
        var path = _origin;
        while (path.Length < LongestPath - 2) path = Path.Combine(path, new string('x', Math.Min(LongestName, LongestPath - path.Length - 1)));
        Directory.CreateDirectory(path);
        Directory.Move(_origin, _target);
    }

    public void Dispose()
    {
        Directory.Move(_target, _origin);
        Directory.Delete(_origin, recursive: true);
    }
}
