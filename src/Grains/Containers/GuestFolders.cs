namespace Podflare.Containers;

/// <summary>
/// The guest's files with their bytecode, in a folder for each image: its containers mount it read-only instead of the sources alone, so
/// that none of them compiles the guest again. The sum of what is in a folder lies beside it; a folder that differs from its sum is not used.
/// </summary>
public sealed class GuestFolders(RunFolder folder)
{
    private const int ImageDigits = 16;

    /// <summary>The folder for an image.</summary>
    /// <param name="image">Id of the image, as the engine has it.</param>
    /// <returns>Null where there is none, or where its content is not what was written.</returns>
    public string? Find(string image)
    {
        var path = PathOf(image);
        try
        {
            return Directory.Exists(path) && File.Exists(SumOf(path)) && File.ReadAllText(SumOf(path)) == GuestFiles.HashAll(path) ? path : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Makes the folder for an image, in place of one that is damaged.</summary>
    /// <exception cref="InvalidDataException">This is not the bytecode of the guest's files.</exception>
    /// <exception cref="IOException">The run folder cannot be written.</exception>
    public string Write(string image, GuestBytecode bytecode)
    {
        var sources = GuestFiles.List(folder.Guest);
        bytecode.Check(sources);
        var path = PathOf(image);
        var draft = path + ".new";
        foreach (var old in (string[])[draft, path])
        {
            if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
        }

        File.Delete(SumOf(path));
        foreach (var source in sources)
        {
            GuestFiles.Write(draft, source, File.ReadAllBytes(Path.Combine(folder.Guest, source)));
            GuestFiles.Write(draft, bytecode.PathOf(source), bytecode.Files[source]);
        }

        var sum = GuestFiles.HashAll(draft);
        Directory.Move(draft, path);
        RunFolder.WriteWhole(SumOf(path), sum);
        return path;
    }

    private static string SumOf(string path) => path + ".sum";

    // Named for the sources too: a new version of the guest has other bytecode.
    private string PathOf(string image)
    {
        var digits = image[(image.LastIndexOf(':') + 1)..];
        return digits.Length >= ImageDigits && digits.All(char.IsAsciiHexDigitLower)
            ? $"{folder.Guest}-{digits[..ImageDigits]}"
            : throw new ArgumentException($"{image} is not the id of an image.", nameof(image));
    }
}
