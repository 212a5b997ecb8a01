using Podflare.Fuzz;
using SharpFuzz;

// What afl-fuzz starts (eng/fuzz.sh decoder): one input on standard input, again and again. With a folder as argument it writes the corpus.
switch (args)
{
    case ["corpus", var folder]:
        Directory.CreateDirectory(folder);
        foreach (var (name, bytes) in FrameCorpus.Files()) File.WriteAllBytes(Path.Combine(folder, name), bytes);
        break;
    case ["replay", .. var paths]:
        foreach (var path in paths) FrameTarget.Read(File.ReadAllBytes(path));
        break;
    default:
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            FrameTarget.Read(bytes.ToArray());
        });
        break;
}
