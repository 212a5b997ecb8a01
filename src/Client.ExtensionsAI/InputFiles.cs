using Microsoft.Extensions.AI;

namespace Podflare.Extensions.AI;

/// <summary>The files that a request gives to its code interpreter.</summary>
internal sealed class InputFiles
{
    private readonly List<(string Name, DataContent Data)> _files;
    private Sandbox? _written;

    private InputFiles(List<(string, DataContent)> files) => _files = files;

    /// <summary>The data with a name among the inputs; null if there is none. Other inputs are of the service of a model, or have no place in a folder.</summary>
    public static InputFiles? Of(IEnumerable<AIContent>? inputs)
    {
        var files = (inputs ?? []).OfType<DataContent>().Select(data => (Name: Path.GetFileName(data.Name) ?? "", data)).Where(file => file.Name.Length > 0 && file.Name != "." && file.Name != "..").ToList();
        return files.Count == 0 ? null : new InputFiles(files);
    }

    /// <summary>Writes the files into the home directory. One that exists there is kept: code of an earlier request may have changed it.</summary>
    public async Task WriteAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(_written, sandbox)) return;
        foreach (var (name, data) in _files)
        {
            if (!await sandbox.Files.ExistsAsync(name, cancellationToken).ConfigureAwait(false)) await sandbox.Files.WriteAsync(name, data.Data, cancellationToken).ConfigureAwait(false);
        }

        _written = sandbox;
    }
}
