"""Addresses of the pages."""

from django.contrib.auth import views as auth
from django.urls import path

from portal.pages.views import account, datasets, downloads, files, home, investigations, jobs, reprocess

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/tokens/<str:token_key>/revoke/", account.revoke_token, name="revoke-token"),
    path("investigations/<int:pk>/", investigations.investigation, name="investigation"),
    path("datasets/<int:pk>/", datasets.dataset, name="dataset"),
    path("datasets/<int:pk>/archive/", downloads.archive, name="archive"),
    path("datasets/archive/", downloads.archive_selected, name="archive-selected"),
    path("investigations/<int:pk>/archive/", downloads.archive_investigation, name="archive-investigation"),
    path("downloads/", downloads.options, name="download-options"),
    path("datasets/<int:pk>/reprocess/", reprocess.choose, name="choose-pipeline"),
    path("datasets/<int:pk>/reprocess/<slug:identifier>/", reprocess.start, name="reprocess"),
    path("datafiles/<int:pk>/download/", files.download, name="download"),
    path("datafiles/<int:pk>/explore/", files.explore, name="explore"),
    path("jobs/", jobs.mine, name="jobs"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/progress/", jobs.progress, name="job-progress"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="cancel-job"),
    path("about/", home.about, name="about"),
]
