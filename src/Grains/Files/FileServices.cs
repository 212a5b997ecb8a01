using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Hosting;

namespace Podflare.Files;

public static class FileServices
{
    /// <summary>Adds the files of sandboxes to a silo, and <see cref="FileOptions"/>, which are validated at start.</summary>
    public static ISiloBuilder AddFiles(this ISiloBuilder silo)
    {
        silo.AddGrainExtension<IFileExtension, FileExtension>();
        silo.Services.AddOptions<FileOptions>().BindConfiguration(FileOptions.Section).ValidateOnStart();
        silo.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FileOptions>, FileOptionsValidator>());
        return silo;
    }
}
