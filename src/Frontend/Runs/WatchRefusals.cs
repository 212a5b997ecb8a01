using Podflare.Files;
using Podflare.Problems;

namespace Podflare.Runs;

/// <summary>Adds the path to the refusal of a run that watches it: those of the sandbox do not say which path they are about.</summary>
internal static class WatchRefusals
{
    public static async Task<RunAccepted> NameAsync(Task<RunAccepted> starting, FilePath path)
    {
        try
        {
            return await starting;
        }
        catch (WatchPathNotFoundException e)
        {
            throw new ProblemException(ExceptionMapper.ToProblem(e) with { Error = $"{e.Message}: {FilePathReader.Show(path)}" });
        }
        catch (FileRefusedException e)
        {
            throw new ProblemException(ExceptionMapper.OfFile(e, FilePathReader.Show(path)));
        }
    }
}
